/** What a body has to be: word for word what the services demand, so that a control spends as much on it. */
export const userDraftSchema = {
  type: 'object',
  required: ['name', 'email'],
  additionalProperties: false,
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      pattern: '^(?=\\s*\\S)[^\\p{Cc}\\p{Cs}]*$',
    },
    email: { type: 'string', format: 'email', maxLength: 320 },
  },
} as const
