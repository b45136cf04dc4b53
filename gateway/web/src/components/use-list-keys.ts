import { useEffect, type RefObject } from 'react'

export const SEARCH_ID = 'list-search'
/** Marks the link of each row that j and k move between; Enter then opens it as any link. */
export const ROW_LINK = 'data-row-link'

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable="true"]') !== null
}

function move(list: HTMLElement | null, step: number): void {
  const links = Array.from(list?.querySelectorAll<HTMLElement>(`[${ROW_LINK}]`) ?? [])
  const at = links.findIndex((link) => link === document.activeElement)
  const to = at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)
  links[to]?.focus()
  links[to]?.scrollIntoView({ block: 'nearest' })
}

/** "/" goes to the search box, j and k to the next and the previous row. */
export function useListKeys(list: RefObject<HTMLElement | null>, enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return
    const press = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === '/') document.getElementById(SEARCH_ID)?.focus()
      else if (event.key === 'j') move(list.current, 1)
      else if (event.key === 'k') move(list.current, -1)
      else return
      event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [list, enabled])
}
