package org.secondsite.management.rest;

import org.opendaylight.netconf.databind.DatabindPath;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier;

/**
 * What a request is about.
 *
 * @param url behind the address of the data, without its first slash
 */
record Target(String url, DatabindPath.Data path) {
    /** Whether it is the datastore itself (RFC 8040 §3.4). */
    boolean isWhole() {
        return path.instance().isEmpty();
    }

    /** Whether nobody can write it. */
    boolean isOfState() {
        return isIn("status");
    }

    /** Whether it is in one of the containers that have everything, or that one itself. */
    boolean isIn(String container) {
        YangInstanceIdentifier at = path.instance();
        return !at.isEmpty()
                && at.getPathArguments().getFirst().getNodeType().getLocalName().equals(container);
    }
}
