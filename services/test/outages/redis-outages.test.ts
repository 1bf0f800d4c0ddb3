import { describeOutages } from './suite.ts'

describeOutages('redis')
