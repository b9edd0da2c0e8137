// Asks the Docker Engine of its own environment for its version, or for a container, and prints what came of it.
import { stateOfContainer } from '../../dist/targets/container.js';
import { pingDocker } from '../../dist/targets/docker.js';

const [container] = process.argv.slice(2);
if (container) {
  const state = await stateOfContainer(container).catch((error) => ({ name: error.message }));
  console.log(state ? state.name : 'there is none');
} else {
  const { ok, version, reason } = await pingDocker();
  console.log(ok ? `version ${version}` : `failed: ${reason}`);
}
