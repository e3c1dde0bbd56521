package org.secondsite.witness.desk;

/** Counts what a {@link RequestDesk} does; {@link DeskCounts} says what each number is. */
final class DeskTally {
    long granted;
    long refused;
    long refusedTerm;
    long notServed;
    long redirected;
    long delayed;
    long behind;

    DeskCounts with(Clientele clientele) {
        return new DeskCounts(
                clientele.welcome(),
                clientele.rejected(),
                granted,
                refused,
                refusedTerm,
                notServed,
                redirected,
                delayed,
                behind,
                clientele.clones());
    }
}
