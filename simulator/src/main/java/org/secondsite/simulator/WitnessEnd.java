package org.secondsite.simulator;

import org.secondsite.config.SiteId;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;

/** The gateways' end of a connection to the witness, as the witness sees it. */
interface WitnessEnd {
    /** Whose certificate it has. */
    SiteId site();

    /** Which process it is. */
    long client();

    /** Where it runs. */
    SeatId seat();

    /** Of which ways, there and back, its messages go. */
    String place();

    /** The highest term that the witness has told it, now or in an earlier life. */
    long ownTerm();

    /** The highest term that it has heard of, from whomever. */
    long term();

    /** A message of the witness arrives. */
    void arrive(Message.FromWitness message);
}
