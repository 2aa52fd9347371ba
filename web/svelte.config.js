// Svelte's settings, read by Vite and by svelte-check.
// Runes only, so that no component mixes the two ways of holding state.
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default { preprocess: vitePreprocess(), compilerOptions: { runes: true } };
