export function mount() {
}
