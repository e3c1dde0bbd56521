/** The measurement of what TLS costs between agents and their gateway. */
package org.secondsite.bench.agents;
