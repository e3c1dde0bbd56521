package org.secondsite.witness.desk;

/**
 * What a {@link RequestDesk} has done so far.
 *
 * @param clients clients that are welcome now
 * @param rejected connections refused: name or protocol
 * @param granted requests granted
 * @param refused requests refused by the rules, the term among them
 * @param refusedTerm requests refused because the record had changed meanwhile
 * @param notServed questions refused because the certificate does not cover them
 * @param redirected questions sent on to the node that leads
 * @param delayed standby's requests that had to wait because the owner was still heard
 * @param behind questions not decided because a term above the counter was heard of
 * @param clones connections refused because another gateway with the same certificate was live
 */
public record DeskCounts(
        int clients,
        long rejected,
        long granted,
        long refused,
        long refusedTerm,
        long notServed,
        long redirected,
        long delayed,
        long behind,
        long clones) {}
