import type { Schemas } from '@/lib/api'

export const OPEN_STAGES = [
  'LEAD_STAGE_ENQUIRY',
  'LEAD_STAGE_CONTACTED',
  'LEAD_STAGE_TRIAL_BOOKED',
  'LEAD_STAGE_TRIALLED',
  'LEAD_STAGE_QUOTED',
  'LEAD_STAGE_SIGNED',
  'LEAD_STAGE_ENROLLED',
  'LEAD_STAGE_STUDYING',
] as const satisfies Schemas['LeadStage'][]

export const STAGES = [...OPEN_STAGES, 'LEAD_STAGE_LOST'] as const satisfies Schemas['LeadStage'][]
export const GRADES = ['LEAD_GRADE_A', 'LEAD_GRADE_B', 'LEAD_GRADE_C'] as const satisfies Schemas['LeadGrade'][]

export const CHANNELS = [
  'FOLLOW_UP_CHANNEL_PHONE',
  'FOLLOW_UP_CHANNEL_WECHAT',
  'FOLLOW_UP_CHANNEL_VISIT',
  'FOLLOW_UP_CHANNEL_SMS',
  'FOLLOW_UP_CHANNEL_EMAIL',
  'FOLLOW_UP_CHANNEL_EVENT',
] as const satisfies Schemas['FollowUpChannel'][]

export const STAGE_COLOURS: Readonly<Partial<Record<string, string>>> = {
  LEAD_STAGE_ENQUIRY: 'blue',
  LEAD_STAGE_CONTACTED: 'cyan',
  LEAD_STAGE_TRIAL_BOOKED: 'geekblue',
  LEAD_STAGE_TRIALLED: 'purple',
  LEAD_STAGE_QUOTED: 'gold',
  LEAD_STAGE_SIGNED: 'orange',
  LEAD_STAGE_ENROLLED: 'green',
  LEAD_STAGE_STUDYING: 'lime',
}
