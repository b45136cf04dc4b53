// A browser may refuse storage (private windows, policies); what is kept here then lasts until the page closes.

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Nothing depends on it.
  }
}

export function unlearn(key: string): void {
  try {
    localStorage.removeItem(key)
  } catch {
    // It was not kept either.
  }
}
