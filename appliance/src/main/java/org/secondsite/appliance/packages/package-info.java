/** What each daemon is started with: its jars and its Java options. */
package org.secondsite.appliance.packages;
