// Writes dist/licences.txt: the licence of every package whose code or font is inside what is built.
// A plugin of vite.config.ts; the page links to the file from the map's legend.
// The build fails when a package has no licence text, so that none is left out unseen.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

const shipped = ['svelte', 'maplibre-gl', '@fontsource-variable/vazirmatn'];

interface Package {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

/** The directory of an installed package, looked up from where it is needed, as Node does. */
function directoryOf(name: string, from: string): string | undefined {
  for (let at = from; ; at = path.dirname(at)) {
    const candidate = path.join(at, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return candidate;
    if (at === path.dirname(at)) return undefined;
  }
}

/** The packages whose modules are in `modules`, and those that ship as files of their own. */
export function licences(): Plugin {
  return {
    name: 'licences',
    apply: 'build',
    generateBundle(_, bundle) {
      const root = process.cwd();
      const found = new Set(shipped.map((name) => directoryOf(name, root)).filter((one): one is string => one !== undefined));
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const module of chunk.moduleIds) {
          const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module.replace(/^\0/, ''));
          if (match?.[1] && existsSync(match[1])) found.add(match[1]);
        }
      }
      const parts = [...found].sort().map((directory) => {
        const about = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as Package;
        const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
        if (!file) this.error(`${about.name} has no licence file`);
        return `${about.name} ${about.version} (${about.license ?? 'see below'})\n\n${readFileSync(path.join(directory, file), 'utf8').trim()}\n`;
      });
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: `${parts.join(`\n${'─'.repeat(80)}\n\n`)}` });
    },
  };
}
