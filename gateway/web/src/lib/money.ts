// Money is a whole number of fen and lesson hours are whole hundredths; both arrive as strings because
// JSON numbers lose digits beyond 2^53.

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',')
}

function split(amount: string): { sign: string; whole: string; cents: string } {
  const value = BigInt(amount)
  const digits = (value < 0n ? -value : value).toString().padStart(3, '0')
  return { sign: value < 0n ? '-' : '', whole: grouped(digits.slice(0, -2)), cents: digits.slice(-2) }
}

/** 1234567 fen -> "¥12,345.67". */
export function formatFen(fen: string): string {
  const { sign, whole, cents } = split(fen)
  return `${sign}¥${whole}.${cents}`
}

/** Hundredths of a lesson hour without idle zeros: 3050 -> "30.5", 200 -> "2". */
export function formatHundredths(hundredths: string): string {
  const { sign, whole, cents } = split(hundredths)
  const fraction = cents.replace(/0+$/, '')
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`
}

/** 8750 basis points -> "87.5%". */
export function formatBasisPoints(points: number): string {
  return `${String(Number((points / 100).toFixed(1)))}%`
}

/** "12,345.6" yuan -> "1234560" fen; null when it is not an amount of money of at most two decimals. */
export function fenOf(yuan: string): string | null {
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(yuan.replaceAll(/[,，\s¥￥]/g, ''))
  if (match === null) return null
  return BigInt(`${match[1] ?? ''}${(match[2] ?? '').padEnd(2, '0')}`).toString()
}
