// Who is signed in on this page.
// Used by the shell to choose between the public start and the console, and by buttons that need a right.
// The service decides what somebody may do; this only avoids offering what would be refused.

import { ask, post, Problem, remove } from '../api/client';
import type { ContactKind, Me, Role } from '../api/types';

const staffRoles: readonly Role[] = ['operator', 'officer', 'approver', 'admin'];

class Session {
  me = $state<Me | null>(null);
  /** False until the service has said who we are. */
  known = $state(false);
  /** The service could not be asked. */
  unreachable = $state(false);

  readonly isStaff = $derived(this.me?.roles.some((role) => staffRoles.includes(role)) ?? false);

  has(role: Role): boolean {
    return this.me?.roles.includes(role) ?? false;
  }

  async load(): Promise<void> {
    try {
      this.me = await ask<Me>('/session');
      this.unreachable = false;
    } catch (fault) {
      this.me = null;
      this.unreachable = fault instanceof Problem && fault.offline;
    }
    this.known = true;
  }

  async signIn(login: string, password: string): Promise<void> {
    this.me = await post<Me>('/session', { login, password });
  }

  async askCode(kind: ContactKind, address: string): Promise<void> {
    await post('/session/code', { kind, address });
  }

  async signInByCode(kind: ContactKind, address: string, code: string, person?: string): Promise<void> {
    this.me = await post<Me>('/session/code/verify', person ? { kind, address, code, person } : { kind, address, code });
  }

  async signOut(): Promise<void> {
    await remove('/session').catch(() => undefined);
    this.me = null;
  }
}

export const session = new Session();
