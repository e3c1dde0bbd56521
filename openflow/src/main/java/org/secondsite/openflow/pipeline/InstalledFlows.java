package org.secondsite.openflow.pipeline;

import java.util.List;

/**
 * What a switch said it has.
 *
 * @param flows the flows that a gateway wrote and that are understood
 * @param strange how many others there are: written by somebody else, or with a match, instruction or timeout that no
 *     gateway writes, or in a message that could not be parsed
 */
public record InstalledFlows(List<Flow> flows, int strange) {
    /** Copies the list. */
    public InstalledFlows {
        flows = List.copyOf(flows);
    }
}
