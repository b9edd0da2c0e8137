// Prints what the application's own audit says, once Redis answers again.
for (let tries = 0; ; tries++) {
  try {
    const answer = await fetch('http://127.0.0.1:7480/audit', { signal: AbortSignal.timeout(2000) });
    if (answer.status !== 200) throw new Error(await answer.text());
    console.log(await answer.text());
    break;
  } catch (error) {
    if (tries === 20) throw error;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
