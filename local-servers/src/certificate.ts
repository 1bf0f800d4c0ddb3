import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MissingProgramError } from './programs.ts'

/** The files of a certificate that vouches for itself. */
export interface Certificate {
  readonly certPath: string
  readonly keyPath: string
}

/** Makes a certificate of 127.0.0.1 and localhost, good for a day. */
export async function createCertificate(
  folder: string,
  openssl: string | undefined,
): Promise<Certificate> {
  if (openssl === undefined) throw new MissingProgramError('openssl')
  const certPath = join(folder, 'certificate.pem')
  const keyPath = join(folder, 'key.pem')
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  const files = ['-days', '1', '-keyout', keyPath, '-out', certPath]
  await promisify(execFile)(openssl, ['req', ...kind, ...subject, ...files], { timeout: 10_000 })
  return { certPath, keyPath }
}
