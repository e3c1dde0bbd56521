/** The gateway process: the conductor that ties data plane, checkpoints, ownership, routes and switches together. */
package org.secondsite.gateway;
