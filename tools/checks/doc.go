// Package checks holds package lion against other people's packages. It is a
// module of its own so that lion needs none of them:
//
//	GOWORK=off go test .
//	GOWORK=off LION_WALK=all go test .    # all 2^32 float32 patterns
package checks
