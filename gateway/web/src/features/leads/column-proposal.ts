import type { Problem } from '@/lib/problem'

/** What the lead service could not tell about the columns of a file, and what it guesses. */
export interface ColumnProposal {
  importId: string
  /** Fields that no column was recognised for, such as "guardian_phone". */
  missing: readonly string[]
  /** Headers that mean nothing yet. */
  headers: readonly string[]
  /** Field -> the header that most likely holds it. */
  guess: Readonly<Record<string, string>>
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

/** Read IMPORT_HEADERS_UNKNOWN; null for any other problem. */
export function readColumnProposal({ reason, info }: Problem): ColumnProposal | null {
  const importId = info['import_id']
  const headers = parsed(info['unknown'])
  if (reason !== 'IMPORT_HEADERS_UNKNOWN' || !importId || !Array.isArray(headers)) return null
  const proposal = Object.entries((parsed(info['proposal']) ?? {}) as Record<string, string>)
  return {
    importId,
    missing: (info['missing'] ?? '').split(',').filter(Boolean),
    headers: headers.map(String),
    guess: Object.fromEntries(proposal.map(([header, field]) => [field, header])),
  }
}
