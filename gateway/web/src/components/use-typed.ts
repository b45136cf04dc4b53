import { useEffect, useState } from 'react'

const PAUSE_MS = 300

interface Typed {
  value: string
  onChange: (event: React.ChangeEvent<HTMLInputElement>) => void
  onBlur: () => void
  onPressEnter: () => void
}

/** What is typed goes to the address after a pause; what the address says (back button) goes to the box. */
export function useTyped(value: string, onChange: (value: string) => void): Typed {
  const [typed, setTyped] = useState(value)
  const [known, setKnown] = useState(value)
  if (value !== known) {
    setKnown(value)
    if (value !== typed.trim()) setTyped(value)
  }
  useEffect(() => {
    if (typed.trim() === value) return
    const timer = setTimeout(() => onChange(typed.trim()), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed, value, onChange])
  // Whoever leaves the box goes somewhere else, and a late change of the address would call them back.
  const settle = (): void => {
    if (typed.trim() !== value) onChange(typed.trim())
  }
  return { value: typed, onChange: (event) => setTyped(event.target.value), onBlur: settle, onPressEnter: settle }
}
