import { readdirSync } from 'node:fs'
import js from '@eslint/js'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'
import reactHooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

const features = readdirSync('./src/features')
const shared = ['./src/components', './src/lib', './src/locales']

// app -> features -> shared; no feature knows another one.
const zones = [
  ...shared.map((target) => ({ target, from: ['./src/app', './src/features'] })),
  { target: './src/features', from: './src/app' },
  ...features.map((name) => ({ target: `./src/features/${name}`, from: './src/features', except: [`./${name}`] })),
  { target: './src/lib', from: './src/components' },
]

export default tseslint.config(
  { ignores: ['dist', 'gen'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  reactHooks.configs.flat.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.tsx', '.js'], alias: { '@': [`${import.meta.dirname}/src`] } }),
      ],
    },
    rules: {
      'max-lines': ['error', { max: 250 }],
      '@typescript-eslint/no-explicit-any': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // What people read stands in locales/ only, in both languages.
    files: ['src/{app,components,features,lib}/**/*.{ts,tsx}'],
    ignores: ['src/**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXText[value=/[A-Za-z\\u4e00-\\u9fff]/]', message: 'Text for people belongs in locales/.' },
        { selector: 'Literal[value=/[\\u4e00-\\u9fff]/]', message: 'Text for people belongs in locales/.' },
        { selector: 'TemplateElement[value.raw=/[\\u4e00-\\u9fff]/]', message: 'Text for people belongs in locales/.' },
      ],
    },
  },
  { files: ['scripts/**/*.js', '*.js'], languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } } },
)
