import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from '@/app/app'
import '@/app/global.css'
import { preferences } from '@/lib/preferences'
import { loadLanguage } from '@/lib/text'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
// Without the texts, because they could not be loaded, there is still Chinese.
await loadLanguage(preferences().language).catch(() => undefined)
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
