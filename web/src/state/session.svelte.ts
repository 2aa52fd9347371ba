// Who is signed in on this page.
// Used by the shell to choose between the public start and the console, and by buttons that need a right.
// The service decides what somebody may do; this only avoids offering what would be refused.

import { ask, post, Problem, remove } from '../api/client';
import type { ContactKind, Me, Role, Schemas } from '../api/types';

const staffRoles: readonly Role[] = ['operator', 'officer', 'approver', 'admin'];

class Session {
  me = $state<Me | null>(null);
  /** False until the service has said who we are. */
  known = $state(false);
  /** Why somebody who was signed in no longer is; said beside the sign-in. */
  over = $state<{ why: 'password'; sessions: number; tokens: number } | { why: 'elsewhere' } | null>(null);
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
    this.over = null;
  }

  async askCode(kind: ContactKind, address: string): Promise<void> {
    await post('/session/code', { kind, address });
  }

  async signInByCode(kind: ContactKind, address: string, code: string, person?: string): Promise<void> {
    this.me = await post<Me>('/session/code/verify', person ? { kind, address, code, person } : { kind, address, code });
    this.over = null;
  }

  /** Changes one's own password, which ends all sessions, this one too. */
  async changePassword(current: string, fresh: string, keepTokens: boolean): Promise<void> {
    const ended = await post<Schemas['SignInsEnded']>('/me/password', { current, new: fresh, keep_tokens: keepTokens });
    this.over = { why: 'password', ...ended };
    this.me = null;
  }

  /** The service no longer knows this session: somebody ended it, or its time is over. */
  ended(): void {
    if (!this.me) return;
    this.over ??= { why: 'elsewhere' };
    this.me = null;
  }

  async signOut(): Promise<void> {
    await remove('/session').catch(() => undefined);
    this.me = this.over = null;
  }
}

export const session = new Session();
