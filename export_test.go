package lion

// For tests outside of the package.
const RaceEnabled = raceEnabled

var Skip = skip
