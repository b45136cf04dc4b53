// Contacts that are hidden in part, and showing them.
export const zhCNReveals = {
  'lead.masked': '部分内容已隐藏：您没有查看完整联系方式的权限。',
  'reveal.show': '查看',
  'revealReason.REVEAL_REASON_CONTACT': '联系家长',
  'revealReason.REVEAL_REASON_IDENTITY_CHECK': '核实身份',
  'revealReason.REVEAL_REASON_EMERGENCY': '紧急情况',
  'revealReason.REVEAL_REASON_CONTRACT': '办理合同',
  'revealReason.REVEAL_REASON_COMPLAINT': '处理投诉',
} as const
