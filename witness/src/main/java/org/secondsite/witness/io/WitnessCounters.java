package org.secondsite.witness.io;

/**
 * What a witness has done since it was opened.
 *
 * @param connections clients that are welcome now
 * @param rejected connections refused: certificate, name or protocol
 * @param granted requests granted
 * @param refused requests refused by the rules
 * @param delayed standby's requests that had to wait because the owner was still heard
 */
public record WitnessCounters(int connections, long rejected, long granted, long refused, long delayed) {}
