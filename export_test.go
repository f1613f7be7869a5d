package lion

// RaceEnabled is for tests outside of the package.
const RaceEnabled = raceEnabled
