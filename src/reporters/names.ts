/** The names that `--reporter` takes. A list of its own, since the reporters themselves are loaded only when a run begins. */
export const REPORTER_NAMES = ['terminal', 'html', 'json', 'junit', 'github', 'ctrf', 'markdown', 'badge'] as const;
