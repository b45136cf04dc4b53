import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
// The developer's gateway; `make up` listens here.
const gateway = 'http://localhost:8080'

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': here('./src'), '@gen': here('./gen') } },
  build: { manifest: true, target: 'es2022', chunkSizeWarningLimit: 1200 },
  server: { proxy: { '/v1': gateway, '/session': gateway } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
