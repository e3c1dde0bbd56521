/** Where a daemon's log goes. */
package org.secondsite.appliance.log;
