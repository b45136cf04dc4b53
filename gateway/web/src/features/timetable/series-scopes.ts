/** How far a change reaches into a series, the narrowest first. */
export const SCOPES = ['SERIES_SCOPE_ONE', 'SERIES_SCOPE_FOLLOWING', 'SERIES_SCOPE_ALL'] as const

export type ScopeChoice = (typeof SCOPES)[number]
