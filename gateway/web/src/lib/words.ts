import { isText, type Text } from '@/lib/text'

/** The word for a code of a family such as "stage"; a code of a newer server that has no word yet is shown as it is. */
export function word(text: Text, family: string, code: string | undefined): string {
  if (!code || code.endsWith('_UNSPECIFIED')) return ''
  const key = `${family}.${code}`
  return isText(key) ? text(key) : code
}
