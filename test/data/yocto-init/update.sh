# Runs on the device, and makes it what the scenario calls "next". Put your own update here: opkg, swupdate, ...
# This one is whole or not there, whenever the power fails: written beside, flushed, renamed, flushed.
echo next > /etc/brownout-release.new
sync
mv /etc/brownout-release.new /etc/brownout-release
sync
