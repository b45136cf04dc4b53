/** Show a file in a tab of its own, where it can be printed or saved. */
export function openFile(file: Blob): void {
  const address = URL.createObjectURL(file)
  window.open(address, '_blank', 'noopener')
  // The tab has read it long before; without this it would be kept until the page is left.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
