// What a browser must load before a page shows: the entry, what it imports, and the page itself.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const LIMIT_KB = 400
const folder = process.argv[2] ?? 'dist'
const manifest = JSON.parse(readFileSync(`${folder}/.vite/manifest.json`, 'utf8'))

function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen
  seen.add(key)
  for (const next of manifest[key].imports ?? []) closure(next, seen)
  return seen
}

function kilobytes(keys) {
  const bytes = [...keys].map((key) => gzipSync(readFileSync(`${folder}/${manifest[key].file}`)).length)
  return bytes.reduce((sum, size) => sum + size, 0) / 1000
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry)
const pages = manifest[entry].dynamicImports ?? []
let failed = false
for (const page of [entry, ...pages]) {
  const size = kilobytes(closure(page, closure(entry)))
  failed ||= size > LIMIT_KB
  console.log(`${size > LIMIT_KB ? 'TOO BIG ' : ''}${page}: ${size.toFixed(1)} kB gzip of ${LIMIT_KB}`)
}
process.exit(failed ? 1 : 0)
