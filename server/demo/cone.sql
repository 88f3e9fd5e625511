-- Around Sgr A*, radius in degrees.
SELECT count(*) AS sources, min(phot_g_mean_mag) AS brightest, avg(galactic_lat(ra, dec)) AS mean_latitude
FROM cone('sim_astrometry', 266.4051, -28.93617, 0.5)
