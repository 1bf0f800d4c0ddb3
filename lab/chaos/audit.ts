import pg from 'pg'

/** One write that PostgreSQL committed. */
export interface Committed {
  readonly key: string
  readonly version: number
  /** `null`: a delete. */
  readonly name: string | null
  /** By the clock of the history. */
  readonly at: number
}

/** What a key held when it was asked. */
export interface Standing {
  readonly key: string
  readonly version: number
  readonly value: string
}

/** What PostgreSQL committed, from the database itself: a trigger writes it down in the same transaction. */
export interface Audit {
  standing(ids: readonly number[]): Promise<Standing[]>
  /** Since the last time that it was asked; what commits late, with a lower number, is of users that nobody asks for any more. */
  committed(): Promise<Committed[]>
  close(): Promise<void>
}

const connectWithinMs = 10_000

/** Watches the table of users of one schema. `url` leads past all proxies. */
export async function openAudit(url: string, schema: string): Promise<Audit> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectWithinMs })
  client.on('error', () => undefined)
  await client.connect()
  await client.query(watching(schema))
  let last = 0
  return {
    async standing(ids) {
      const text = `select id::text as key, version::text, name as value from ${schema}.users where id = any($1::bigint[])`
      const { rows } = await client.query(text, [ids])
      return rows.map(({ key, version, value }) => ({ key, version: Number(version), value }))
    },
    async committed() {
      const { rows } = await client.query(commits, [last])
      const clockOffset = Date.now() - performance.now()
      const fresh = rows.map((row) => ({
        key: String(row.key),
        version: Number(row.version),
        name: row.name as string | null,
        at: Number(row.at) - clockOffset,
      }))
      last = Math.max(last, ...rows.map(({ entry }) => Number(entry)))
      return fresh
    },
    close: () => client.end(),
  }
}

const commits = `
  select entry::text, key::text, version::text, name,
    extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 as at
  from chaos_audit where entry > $1 order by entry`

function watching(schema: string): string {
  return `
    create table chaos_audit (
      entry bigint generated always as identity, key bigint, version bigint, name text);
    create function chaos_note() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' then
        insert into public.chaos_audit (key, version) values (old.id, old.version);
      elsif new.version > 0 then
        insert into public.chaos_audit (key, version, name) values (new.id, new.version, new.name);
      end if;
      return null;
    end $$;
    create trigger chaos_note after insert or update or delete on ${schema}.users
    for each row execute function chaos_note()`
}
