export { sqlName as quoted } from '../../runbook/index.ts'
