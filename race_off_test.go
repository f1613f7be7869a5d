//go:build !race

package lion

const raceEnabled = false
