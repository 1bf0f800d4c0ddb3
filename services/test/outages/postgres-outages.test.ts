import { describeOutages } from './suite.ts'

describeOutages('postgres')
