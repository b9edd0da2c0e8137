/**
 * What the page may do to the run. The command hands it in, so that this room knows nothing of the conductor. Each order
 * is carried out in the background; one that makes no sense now throws an error of kind `usage`.
 */
export interface Steering {
  inject(fault: string, who: string): void;
  lift(fault: string, who: string): void;
  hold(who: string): void;
  go(who: string): void;
  finish(who: string): void;
  abort(who: string): void;
  note(who: string, text: string, kind?: 'detected' | 'mitigated'): void;
  reveal(who: string): void;
}
