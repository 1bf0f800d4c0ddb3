import { contractOfServices } from './contract-services.ts'

contractOfServices({ variables: async () => ({}), store: 'memory', source: 'pglite' })
