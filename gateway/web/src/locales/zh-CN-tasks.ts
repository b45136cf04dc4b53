// What staff have to do, in Chinese.
export const zhCNTasks = {
  'task.kind.follow_up': '联系家长',
  'task.kind.renewal': '续费沟通',
  'task.kind.trial_reminder': '确认试听',
  'task.kind.trial_no_show': '试听未到，请改约',
  'task.kind.trial_opinion': '询问家长试听感受',
  'task.kind.teaching_handover': '转交教学',
  'task.kind.first_lesson_plan': '制定首课方案',
  'task.kind.first_response': '首次联系',
  'task.kind.escalation': '任务超时，请处理',
  'task.kind.recycle_warning': '请联系家长，否则将回收到公海',
  'task.kind.plan_step': '跟进计划中的一步',
  'task.kind.reply': '家长再次咨询，请回复',
} as const
