/**
 * How a running gateway's configuration changes: a candidate is judged, its impact is told, it is kept on disk, carried out, and
 * confirmed or taken back.
 */
package org.secondsite.gateway.change;
