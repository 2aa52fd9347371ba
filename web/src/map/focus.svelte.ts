// Where a panel asks the map to look.
// Written by panels (`look`), read by MapView.
// Without a map nothing happens: every panel says in words where things are.

import type { Position } from '../api/types';

class Focus {
  target = $state.raw<{ position: Position; zoom: number } | null>(null);

  look(position: Position | null | undefined, zoom = 13.5): void {
    if (position) this.target = { position, zoom };
  }
}

export const focus = new Focus();
