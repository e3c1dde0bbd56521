/** The measurement of how soon a dead peer is suspected, and how seldom a live one. */
package org.secondsite.bench.detection;
