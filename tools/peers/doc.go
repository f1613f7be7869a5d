// Package peers times the Lion step beside what C compilers make of the same
// loop (c/loop.c), in one run and in turns. It compiles that loop with every
// compiler that it finds, or with the one that CC names, and with several
// flags and phrasings, and loads the results:
//
//	GOWORK=off CGO_ENABLED=1 go test -bench Peers/fmt=f32/n=1024 .
//	GOWORK=off CGO_ENABLED=1 CC=clang-19 go test -bench Peers .
//
// x-ours is the C loop's time over ours: above 1, ours is faster. Ours is the
// whole call, checks and the rule about NaN included; the C loop has neither.
// Where flags say fma or fastmath, the compiler fuses multiplications with
// additions, which the numeric contract rules out: without, it computes our
// bits (TestPeers).
package peers
