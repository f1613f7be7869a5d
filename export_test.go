package lion

import "github.com/lionkernel/lion/internal/prove"

// For tests outside of the package.
const RaceEnabled = prove.Sanitized

var Skip = prove.Skip
