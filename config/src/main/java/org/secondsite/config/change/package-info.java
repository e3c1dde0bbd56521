/** What changes between two configurations of a gateway, as values. */
package org.secondsite.config.change;
