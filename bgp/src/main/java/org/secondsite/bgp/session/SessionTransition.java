package org.secondsite.bgp.session;

import org.secondsite.bgp.fsm.Event;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.fsm.State;

/**
 * A change of the state of one connection.
 *
 * @param side which of the two connections that a neighbour can have
 * @param from the state before
 * @param to the state now
 * @param event what moved it
 * @param reason in words
 */
public record SessionTransition(Side side, State from, State to, Event event, String reason) {
    @Override
    public String toString() {
        return side + " " + from.text() + " -> " + to.text() + " by " + event.text() + ": " + reason;
    }
}
