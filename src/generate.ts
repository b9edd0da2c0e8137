import { writeFileSync } from 'node:fs';
import { generatedFiles } from './generated-files.js';

// `npm run generate`: writes the JSON Schemas and the pages of docs/ that come from the code.
for (const [path, text] of await generatedFiles()) writeFileSync(path, text);
