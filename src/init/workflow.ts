/**
 * A GitHub workflow that runs the scenarios of a folder on each pull request. Without an action of anybody: the
 * annotations and the step summary come from Plimsoll itself.
 *
 * @param folder Where the scenarios are, from the root of the repository.
 */
export function githubWorkflow(folder: string): string {
  return `name: resilience
on: pull_request
permissions: { contents: read }
jobs:
  plimsoll:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: 22 }
      - run: npm ci # with plimsoll among the devDependencies
      # CHANGE: start here what the scenarios need: docker compose up --detach --wait, npx plimsoll proxy -port 8474 &
      - run: npx plimsoll run ${JSON.stringify(folder)}
      - uses: actions/upload-artifact@v4
        if: always()
        with: { name: plimsoll-reports, path: reports/ }
`;
}
