// Starts the page: style, language, theme, then the component that the address asks for.
// Loaded by index.html, which the binary serves for every address of the console.
// Nothing is shown before the direction is right, so that nobody sees the page jump.

import '@fontsource-variable/vazirmatn/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { now } from './state/now.svelte';

now.start();
const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target });
