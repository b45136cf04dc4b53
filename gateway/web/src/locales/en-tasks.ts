import type { zhCNTasks } from '@/locales/zh-CN-tasks'

// The same in English.
export const enTasks: Readonly<Record<keyof typeof zhCNTasks, string>> = {
  'task.kind.follow_up': 'Contact the family',
  'task.kind.renewal': 'Talk about renewal',
  'task.kind.trial_reminder': 'Confirm the trial',
  'task.kind.trial_no_show': 'Book the missed trial anew',
  'task.kind.trial_opinion': 'Ask the family about the trial',
  'task.kind.teaching_handover': 'Hand over to teaching',
  'task.kind.first_lesson_plan': 'Plan the first lesson',
  'task.kind.first_response': 'First contact',
  'task.kind.escalation': 'An overdue task needs you',
  'task.kind.recycle_warning': 'Contact the family, or the lead goes back to the pool',
  'task.kind.plan_step': 'A step of the plan',
  'task.kind.reply': 'The family was in touch again: answer',
}
