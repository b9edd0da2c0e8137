/** As much of a terminal as a progress display uses: to see what is left on the screen, not what was written. */
export class Screen {
  private readonly rows: string[][] = [[]];
  private row = 0;
  private column = 0;

  constructor(private readonly columns: number) {}

  write(text: string): void {
    const token = /\p{Cc}\[(\??)(\d*)([A-Za-z])|[\s\S]/gu;
    for (const [whole, privateMode, count, command] of text.matchAll(token)) {
      if (command === undefined) this.put(whole);
      else if (privateMode === '?' || command === 'm') continue;
      else this.control(command, count === '' ? 0 : Number(count));
    }
  }

  /** Lines without trailing blanks; empty ones at the end are left out. */
  lines(): string[] {
    const lines = this.rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  private put(character: string): void {
    if (character === '\r') this.column = 0;
    else if (character === '\n') {
      this.row++;
      this.column = 0;
    } else {
      if (this.column >= this.columns) {
        this.row++;
        this.column = 0;
      }
      (this.rows[this.row] ??= [])[this.column++] = character;
    }
    this.rows[this.row] ??= [];
  }

  private control(command: string, count: number): void {
    if (command === 'A') this.row = Math.max(0, this.row - Math.max(1, count));
    else if (command === 'K') this.rows[this.row]?.splice(this.column);
    else if (command === 'J') {
      this.rows[this.row]?.splice(this.column);
      this.rows.splice(this.row + 1);
    } else throw new Error(`the screen does not know ${JSON.stringify(command)}`);
  }
}
